/** Cookies of one login (RFC 6265 §5): one origin, a handful of cookies, gone when the login is done. */
interface Cookie {
  name: string;
  value: string;
  path: string;
}

export class CookieJar {
  readonly #cookies = new Map<string, Cookie>();

  /** Takes in the `Set-Cookie` fields of an answer to a request for `url`. */
  store(fields: string | string[] | undefined, url: URL): void {
    for (const field of [fields ?? []].flat()) {
      const [pair = '', ...attributes] = field.split(';').map((part) => part.trim());
      const equals = pair.indexOf('=');
      if (equals < 1) continue;
      const path = attributeOf(attributes, 'path');
      const cookie = {
        name: pair.slice(0, equals),
        value: pair.slice(equals + 1),
        path: path?.startsWith('/') ? path : defaultPath(url.pathname),
      };
      const key = `${cookie.name};${cookie.path}`;
      if (isOver(attributes)) this.#cookies.delete(key);
      else this.#cookies.set(key, cookie);
    }
  }

  /** The `Cookie` field for a request, undefined where there is none; longer paths first (§5.4). */
  header(url: URL): string | undefined {
    const matching = [...this.#cookies.values()].filter(({ path }) => pathMatches(url.pathname, path));
    if (matching.length === 0) return undefined;
    matching.sort((a, b) => b.path.length - a.path.length);
    return matching.map(({ name, value }) => `${name}=${value}`).join('; ');
  }
}

function attributeOf(attributes: string[], name: string): string | undefined {
  return attributes.find((a) => a.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1);
}

function isOver(attributes: string[]): boolean {
  const maxAge = attributeOf(attributes, 'max-age');
  if (maxAge !== undefined) return Number(maxAge) <= 0;
  const expires = attributeOf(attributes, 'expires');
  return expires !== undefined && Date.parse(expires) <= Date.now();
}

const defaultPath = (pathname: string): string => pathname.slice(0, Math.max(1, pathname.lastIndexOf('/')));

const pathMatches = (pathname: string, path: string): boolean =>
  pathname === path || (pathname.startsWith(path) && (path.endsWith('/') || pathname[path.length] === '/'));
