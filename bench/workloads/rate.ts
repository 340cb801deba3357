/** Operations a second: how long `work` took for `operations` of them. */
export async function rate(operations: number, work: () => Promise<void>): Promise<number> {
  const started = process.hrtime.bigint();
  await work();
  return (operations * 1e9) / Number(process.hrtime.bigint() - started);
}
