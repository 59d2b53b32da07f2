/** Operations on the wire, by the catalogue: `{id}` into the path, the rest into the query or the JSON body. */
import type { Operation } from '#contract/tools.ts';
import type { Args, MakeRequest, ToolRequest } from './plugin.ts';

/** The host that all tools of the testbed stand behind. */
export const toolsHost = 'tools.weighbridge.test';

const idPlace = '{id}';

/** Requests to one logical host, made by the catalogue's rules. */
export const catalogueRequests =
  (host: string): MakeRequest =>
  (operation, args) => ({
    host,
    method: operation.method,
    ...(hasBody(operation) ? withBody : withQuery)(operation, args),
  });

const hasBody = ({ method }: Operation): boolean => method === 'POST' || method === 'PUT';

type Target = Pick<ToolRequest, 'path' | 'body'>;

function withBody(operation: Operation, args: Args): Target {
  return { path: pathOf(operation, args), body: JSON.stringify(rest(operation, args)) };
}

function withQuery(operation: Operation, args: Args): Target {
  const query = rest(operation, args);
  let path = pathOf(operation, args);
  let separator = '?';
  for (const name of Object.keys(query)) {
    path += `${separator}${encodeURIComponent(name)}=${encodeURIComponent(query[name]!)}`;
    separator = '&';
  }
  return { path, body: null };
}

function pathOf({ path }: Operation, args: Args): string {
  return path.includes(idPlace) ? path.replace(idPlace, () => encodeURIComponent(args.id ?? '')) : path;
}

/** The arguments that are not in the path. */
function rest({ path }: Operation, args: Args): Args {
  if (!path.includes(idPlace)) return args;
  const { id: _, ...others } = args;
  return others;
}
