%% The workloads of ../workloads for the BEAM: run(Name) measures one in this VM, after a run to warm up, and prints the median of three figures.
-module(workloads).
-behaviour(gen_server).
-export([run/1, start_child/1, init/1, handle_call/3, handle_cast/2, handle_info/2]).

run(Name) ->
    _ = in_process(Name),
    [_, Median, _] = lists:sort([in_process(Name) || _ <- lists:seq(1, 3)]),
    io:format("~p~n", [float(Median)]),
    halt().

%% A process of its own for each run, so that neither heap nor mailbox is handed on.
in_process(Name) ->
    {Pid, Monitor} = spawn_monitor(fun() -> exit({figure, workload(Name)}) end),
    receive {'DOWN', Monitor, process, Pid, {figure, Figure}} -> Figure end.

workload('cast') ->
    {ok, Counter} = gen_server:start(?MODULE, 0, []),
    Handled = rate(10_000_000, fun(Casts) ->
        repeat(Casts, fun() -> gen_server:cast(Counter, increment) end),
        Casts = gen_server:call(Counter, count, infinity)
    end),
    ok = gen_server:stop(Counter),
    Handled;
workload('ring') ->
    rate(1_000_000, fun(Hops) ->
        Size = 1_000,
        First = lists:foldl(fun(_, Next) -> spawn_link(fun() -> forward(Next) end) end, self(), lists:seq(2, Size)),
        repeat(Hops div Size, fun() -> First ! token, receive token -> ok end end)
    end);
workload('fan-out') ->
    {Receivers, Rounds, Owner} = {10_000, 500, self()},
    Sinks = [spawn_link(fun() -> sink(Rounds, Owner) end) || _ <- lists:seq(1, Receivers)],
    rate(Receivers * Rounds, fun(_) ->
        [[Sink ! {item, Round} || Sink <- Sinks] || Round <- lists:seq(1, Rounds)],
        [receive {done, Sink} -> ok end || Sink <- Sinks]
    end);
workload('call-1') -> calls(500_000, 1);
workload('call-8') -> calls(800_000, 8);
workload('spawn-exit') ->
    rate(200_000, fun(Processes) ->
        repeat(Processes, fun() ->
            {_, Monitor} = spawn_monitor(fun() -> ok end),
            receive {'DOWN', Monitor, process, _, _} -> ok end
        end)
    end);
workload('start') ->
    rate(50_000, fun(Servers) -> kill_all(start_all(Servers)) end);
workload('idle-bytes') ->
    Servers = 100_000,
    erlang:garbage_collect(),
    Before = erlang:memory(processes),
    Pids = start_all(Servers),
    timer:sleep(100),
    erlang:garbage_collect(),
    Used = erlang:memory(processes) - Before,
    kill_all(Pids),
    Used / Servers;
workload('downs') ->
    Pids = [spawn(fun idle/0) || _ <- lists:seq(1, 10_000)],
    rate(10_000, fun(_) -> monitor_then_kill(Pids) end);
workload('linked') ->
    Owner = self(),
    Hub = spawn(fun() -> Owner ! {pids, [spawn_link(fun idle/0) || _ <- lists:seq(1, 10_000)]}, idle() end),
    receive {pids, Pids} -> [monitor(process, Pid) || Pid <- Pids] end,
    rate(10_000, fun(Exits) ->
        exit(Hub, kill),
        repeat(Exits, fun() -> receive {'DOWN', _, process, _, _} -> ok end end)
    end);
workload('select') ->
    [self() ! {noise, Other} || Other <- lists:seq(1, 10_000)],
    1.0e9 / rate(2_000, fun(Receives) -> select(Receives) end);
workload('restart-p50') -> restarts(5_000, 0.5);
workload('restart-p99') -> restarts(5_000, 0.99);
workload('ping-pong') ->
    Pid = spawn_link(fun pong/0),
    RoundTrips = rate(500_000, fun(Left) -> repeat(Left, fun() -> Pid ! {self(), ping}, receive pong -> ok end end) end),
    unlink(Pid),
    exit(Pid, kill),
    RoundTrips;
workload('shard-stream') ->
    {Me, Items} = {self(), 2_000_000},
    rate(Items, fun(_) ->
        Source = spawn_opt(fun() -> receive {to, Sink} -> source(Items, 1_000, Sink) end end, [link, {scheduler, 1}]),
        Sink = spawn_opt(fun() -> taken(Items, 0, Source), Me ! done end, [link, {scheduler, 2}]),
        Source ! {to, Sink},
        receive done -> ok end
    end);
workload('shard-call') ->
    {ok, Server} = gen_server:start(?MODULE, 0, [{spawn_opt, [{scheduler, 2}]}]),
    RoundTrips = rate(50_000, fun(Calls) ->
        {_, Monitor} = spawn_opt(
            fun() -> repeat(Calls, fun() -> pong = gen_server:call(Server, ping) end) end,
            [monitor, {scheduler, 1}]
        ),
        receive {'DOWN', Monitor, process, _, normal} -> ok end
    end),
    ok = gen_server:stop(Server),
    RoundTrips.

%% Sends as much as it has credit for.
source(0, _, _) -> ok;
source(Left, 0, Sink) -> receive credit -> source(Left, 500, Sink) end;
source(Left, Credit, Sink) -> Sink ! {item, Left}, source(Left - 1, Credit - 1, Sink).

taken(0, _, _) -> ok;
taken(Left, 500, Source) -> Source ! credit, taken(Left, 0, Source);
taken(Left, Taken, Source) -> receive {item, _} -> taken(Left - 1, Taken + 1, Source) end.

rate(Operations, Work) ->
    Started = erlang:monotonic_time(nanosecond),
    Work(Operations),
    Operations * 1.0e9 / (erlang:monotonic_time(nanosecond) - Started).

repeat(0, _) -> ok;
repeat(Left, Step) -> Step(), repeat(Left - 1, Step).

forward(Next) -> receive token -> Next ! token, forward(Next) end.

sink(0, Owner) -> Owner ! {done, self()};
sink(Left, Owner) -> receive {item, _} -> sink(Left - 1, Owner) end.

calls(Total, Callers) ->
    {ok, Server} = gen_server:start(?MODULE, 0, []),
    RoundTrips = rate(Total, fun(_) ->
        Call = fun() -> repeat(Total div Callers, fun() -> pong = gen_server:call(Server, ping) end) end,
        Monitors = [element(2, spawn_monitor(Call)) || _ <- lists:seq(1, Callers)],
        [receive {'DOWN', Monitor, process, _, normal} -> ok end || Monitor <- Monitors]
    end),
    ok = gen_server:stop(Server),
    RoundTrips.

start_all(Servers) -> [begin {ok, Pid} = gen_server:start(?MODULE, 0, []), Pid end || _ <- lists:seq(1, Servers)].

kill_all(Pids) ->
    Monitors = [begin Monitor = monitor(process, Pid), exit(Pid, kill), Monitor end || Pid <- Pids],
    [receive {'DOWN', Monitor, process, _, _} -> ok end || Monitor <- Monitors].

monitor_then_kill(Pids) ->
    [monitor(process, Pid) || Pid <- Pids],
    [exit(Pid, kill) || Pid <- Pids],
    [receive {'DOWN', _, process, _, _} -> ok end || _ <- Pids].

idle() -> receive stop -> ok end.

pong() -> receive {From, ping} -> From ! pong, pong() end.

select(0) -> ok;
select(Left) -> self() ! {wanted, Left}, receive {wanted, Left} -> select(Left - 1) end.

restarts(Restarts, Share) ->
    logger:set_primary_config(level, none),
    {ok, Supervisor} = supervisor:start_link(?MODULE, {supervisor, self()}),
    First = receive {up, Pid, _} -> Pid end,
    Took = lists:sort(restart(Restarts, First, [])),
    unlink(Supervisor),
    exit(Supervisor, kill),
    lists:nth(ceil(Restarts * Share), Took) / 1000.

restart(0, _, Took) -> Took;
restart(Left, Child, Took) ->
    Killed = erlang:monotonic_time(nanosecond),
    exit(Child, kill),
    receive {up, Pid, At} -> restart(Left - 1, Pid, [At - Killed | Took]) end.

start_child(Owner) -> gen_server:start_link(?MODULE, {child, Owner}, []).

init({supervisor, Owner}) ->
    {ok, {#{intensity => 1_000_000, period => 1}, [#{id => child, start => {?MODULE, start_child, [Owner]}}]}};
init({child, Owner}) ->
    Owner ! {up, self(), erlang:monotonic_time(nanosecond)},
    {ok, 0};
init(Count) -> {ok, Count}.
handle_call(ping, _, Count) -> {reply, pong, Count};
handle_call(count, _, Count) -> {reply, Count, Count}.
handle_cast(increment, Count) -> {noreply, Count + 1}.
handle_info(_, Count) -> {noreply, Count}.
