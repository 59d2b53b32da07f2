/** HTTP to the authorization server: own connections, kept open between refreshes; redirects are never followed. */
import { Agent, type Dispatcher } from 'undici';

/** Longer than any pause between slices, so that no refresh pays for a new connection. */
const keepAlive_ms = 180_000;
const largestAnswer_bytes = 1_048_576;

/** The authority could not be reached, broke off, or did not answer in time. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

export interface Ask {
  method: 'GET' | 'POST';
  headers: Record<string, string>;
  body?: string;
}

export class Transport {
  readonly #agent = new Agent({
    keepAliveTimeout: keepAlive_ms,
    keepAliveMaxTimeout: keepAlive_ms,
    maxResponseSize: largestAnswer_bytes,
  });
  readonly #timeout_ms: number;

  constructor(timeout_ms: number) {
    this.#timeout_ms = timeout_ms;
  }

  /** @throws TransportError */
  async ask(url: URL, { method, headers, body }: Ask): Promise<Answer> {
    const options: Dispatcher.RequestOptions = {
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method,
      headers,
      body: body ?? null,
      signal: AbortSignal.timeout(this.#timeout_ms),
    };
    try {
      const answer = await this.#agent.request(options);
      return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
    } catch (error) {
      const { code, name } = error as NodeJS.ErrnoException;
      throw new TransportError(`${url.origin}: ${code ?? name}`);
    }
  }

  /** In the shape of `fetch`, for oauth4webapi. */
  readonly fetch = async (
    url: string,
    init: { method: string; headers: Record<string, string>; body?: URLSearchParams | null | undefined },
  ): Promise<Response> => {
    const ask: Ask = { method: init.method as Ask['method'], headers: init.headers };
    if (init.body) ask.body = init.body.toString();
    const { status, headers, text } = await this.ask(new URL(url), ask);
    const fields = Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, [value].flat().join(', ')] as [string, string]],
    );
    return new Response(text === '' ? null : text, { status, headers: fields });
  };

  close(): Promise<void> {
    return this.#agent.destroy();
  }
}
