/** From a request's path to the operations that live there (#contract/tools.ts). */
import { type Operation, operations } from '#contract/tools.ts';

export interface Route {
  /** Path template, as in the catalogue: low in cardinality, so that it can name spans. */
  readonly template: string;
  /** Does the last segment carry `{id}`? */
  readonly hasId: boolean;
  readonly byMethod: ReadonlyMap<string, Operation>;
  /** For the Allow header. */
  readonly allow: string;
}

const idSuffix = '/{id}';

function buildRoutes(): Map<string, Route> {
  const byTemplate = new Map<string, Map<string, Operation>>();
  for (const operation of operations) {
    const methods = byTemplate.get(operation.path) ?? new Map<string, Operation>();
    byTemplate.set(operation.path, methods.set(operation.method, operation));
  }
  const routes = new Map<string, Route>();
  for (const [template, byMethod] of byTemplate) {
    const hasId = template.endsWith(idSuffix);
    // A template with an id is found by all that stands before the id, the slash included.
    const key = hasId ? template.slice(0, -idSuffix.length + 1) : template;
    if (key.includes('{')) throw new RangeError(`the id must be the last segment: ${template}`);
    routes.set(key, { template, hasId, byMethod, allow: [...byMethod.keys()].join(', ') });
  }
  return routes;
}

const routes = buildRoutes();

/** @param path without the query, as it came over the wire */
export function findRoute(path: string): Route | undefined {
  const exact = routes.get(path);
  if (exact) return exact.hasId ? undefined : exact;
  const prefix = routes.get(path.slice(0, path.lastIndexOf('/') + 1));
  return prefix?.hasId ? prefix : undefined;
}

/** The decoded last segment; undefined where its percent-encoding is bad. */
export function idOf(path: string): string | undefined {
  try {
    return decodeURIComponent(path.slice(path.lastIndexOf('/') + 1));
  } catch {
    return undefined;
  }
}
