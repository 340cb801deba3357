/**
 * What varies in the path of a route: `:id`, `:id(^\\d+$)` with the regular expression for it, both with a `?` where it can be left out;
 * or `*`, all the rest. Its groups are the name, the expression in its parentheses, and the question mark.
 */
export const PATH_VARIABLE: RegExp = /:(\w+)(\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\))?(\?)?|\*$/g;
