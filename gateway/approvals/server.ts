/**
 * The approvers' own listener, on loopback; agents have no business here. Two ways in: an API, whose every request shows
 * an approver's secret as a bearer token (so no browser sends it by itself), and a page, with a session and a token in each
 * form. Requests under a name that is not ours (DNS rebinding) and posts from other origins are refused.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { CostReport } from '#contract/control.ts';
import type { Clock } from '../clock.ts';
import { type Approvers, isFormToken, type Session, Sessions, sessionCookie } from './approvers.ts';
import { approvalPage, approvalsPage, contentSecurityPolicy, costsPage, loginPage, type Notice } from './page.ts';
import type { ApprovalStore, Objection, Verdict } from './store.ts';

const maxBody_bytes = 8_192;

export interface ApprovalsServerOptions {
  store: ApprovalStore;
  approvers: Approvers;
  clock: Clock;
  /** Base URLs under which the listener is reached; they are known once it listens. */
  urls: () => readonly string[];
  /** null where no costs are counted. */
  costs: () => CostReport | null;
  /** Told of every decision and every refused one; never of a secret. */
  note: (event: { approval: string; by: string; verdict: Verdict; objection?: Objection }) => void;
}

/** What goes out. */
interface Reply {
  status: number;
  body: string;
  type: 'application/json' | 'text/html; charset=utf-8';
  headers?: Record<string, string>;
}

const statusOf: Record<Objection, number> = {
  unknown: 404,
  not_pending: 409,
  own_request: 403,
  second_approver: 409,
  arguments_not_shown: 409,
};
const objections: Record<Objection, string> = {
  unknown: 'There is no such approval, or it has expired.',
  not_pending: 'It does not wait for a decision any more.',
  own_request: 'Nobody decides on a call of their own.',
  second_approver: 'You have approved it already: the second approver must be another.',
  arguments_not_shown:
    'Its arguments are never written, and the gateway has restarted: it can be approved once the agent repeats the call and they can be shown. It can be denied now.',
};
const done: Record<Verdict, string> = { approved: 'Your approval is noted.', denied: 'The call is denied.' };

export function approvalsServer(options: ApprovalsServerOptions): Server {
  const site = new Site(options);
  return createServer(
    { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 5_000, maxHeaderSize: 16_384 },
    (req, res) => {
      site
        .answer(req)
        .catch((error: { code?: string }) =>
          error.code === 'STORE'
            ? json(503, { error: 'store_failed' })
            : { ...json(500, { error: 'internal' }), headers: { connection: 'close' } },
        )
        .then((reply) => send(res, reply))
        .catch(() => res.destroy());
    },
  );
}

class Site {
  readonly #options: ApprovalsServerOptions;
  readonly #sessions: Sessions;

  constructor(options: ApprovalsServerOptions) {
    this.#options = options;
    this.#sessions = new Sessions(options.clock);
  }

  async answer(req: IncomingMessage): Promise<Reply> {
    const own = this.#options.urls().map((url) => new URL(url));
    if (!own.some(({ host }) => host === req.headers.host)) return json(421, { error: 'wrong_host' });
    const path = (req.url ?? '').split('?')[0]!;
    if (path === '/api' || path.startsWith('/api/')) return this.#api(req, path);
    if (req.method === 'GET') return this.#page(req, path);
    if (req.method !== 'POST') return json(405, { error: 'method' }, { allow: 'GET, POST' });
    // Browsers name the origin of every post (Fetch §3.2); a page from elsewhere has another.
    const { origin } = req.headers;
    if (origin !== undefined && !own.some((url) => url.origin === origin)) return json(403, { error: 'origin' });
    const site = req.headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin') return json(403, { error: 'origin' });
    return this.#post(req, path);
  }

  async #api(req: IncomingMessage, path: string): Promise<Reply> {
    const secret = /^Bearer +(\S+)$/i.exec(req.headers.authorization ?? '')?.[1];
    const by = this.#options.approvers.identify(secret ?? '');
    if (by === undefined) {
      return json(401, { error: 'unauthorized' }, { 'www-authenticate': 'Bearer realm="approvals"' });
    }
    const { store, costs } = this.#options;
    const [, , kind, id = '', action] = path.split('/');
    if (req.method === 'GET') {
      if (path === '/api/costs') return json(200, costs());
      if (path === '/api/approvals') return json(200, { approvals: store.list() });
      const view = kind === 'approvals' && action === undefined ? store.view(id) : undefined;
      return view ? json(200, view) : json(404, { error: 'unknown' });
    }
    if (req.method !== 'POST') return json(405, { error: 'method' }, { allow: 'GET, POST' });
    if (kind !== 'approvals' || (action !== 'approve' && action !== 'deny')) return json(404, { error: 'unknown' });
    const objection = await this.#decide(id, by, action === 'approve' ? 'approved' : 'denied');
    if (objection !== undefined) return json(statusOf[objection], { error: objection, detail: objections[objection] });
    return json(200, store.view(id));
  }

  #page(req: IncomingMessage, path: string): Reply {
    const id = /^\/approvals\/([0-9a-f]{32})$/.exec(path)?.[1];
    if (path !== '/' && path !== '/costs' && id === undefined) return json(404, { error: 'unknown' });
    const session = this.#sessions.find(req.headers.cookie);
    if (!session) return html(401, loginPage(path), { 'www-authenticate': 'Bearer realm="approvals"' });
    const { store, costs } = this.#options;
    if (path === '/costs') return html(200, costsPage(session, costs()));
    if (id === undefined) return html(200, approvalsPage(session, store.list()));
    const approval = store.view(id);
    return html(approval ? 200 : 404, approvalPage(session, approval));
  }

  async #post(req: IncomingMessage, path: string): Promise<Reply> {
    const form = await formIn(req);
    if (!form) return json(413, { error: 'too_large' }, { connection: 'close' });
    if (path === '/login') return this.#login(form);
    const session = this.#sessions.find(req.headers.cookie);
    if (!session) return html(401, loginPage('/'), { 'www-authenticate': 'Bearer realm="approvals"' });
    if (!isFormToken(session, form.get('form_token'))) return json(403, { error: 'form_token' });
    if (path === '/logout') {
      this.#sessions.end(req.headers.cookie);
      return see('/', `${sessionCookie}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict`);
    }
    if (path !== '/decide') return json(404, { error: 'unknown' });
    return this.#decideByForm(session, form);
  }

  #login(form: URLSearchParams): Reply {
    const next = form.get('next') ?? '/';
    const safe = /^\/(?:approvals\/[0-9a-f]{32}|costs)?$/.test(next) ? next : '/';
    const approver = this.#options.approvers.identify(form.get('secret') ?? '');
    if (approver === undefined) {
      return html(403, loginPage(safe, { role: 'alert', text: 'This is no approver’s secret.' }));
    }
    const secure = this.#options.urls().every((url) => !url.startsWith('https:')) ? '' : '; Secure';
    return see(safe, `${sessionCookie}=${this.#sessions.open(approver)}; Path=/; HttpOnly; SameSite=Strict${secure}`);
  }

  async #decideByForm(session: Session, form: URLSearchParams): Promise<Reply> {
    const verdict = form.get('verdict');
    if (verdict !== 'approved' && verdict !== 'denied') return json(400, { error: 'verdict' });
    const { store } = this.#options;
    const objection = await this.#decide(form.get('id') ?? '', session.approver, verdict);
    const notice: Notice =
      objection === undefined
        ? { role: 'status', text: done[verdict] }
        : { role: 'alert', text: objections[objection] };
    const status = objection === undefined ? 200 : statusOf[objection];
    return html(status, approvalsPage(session, store.list(), notice));
  }

  async #decide(id: string, by: string, verdict: Verdict): Promise<Objection | undefined> {
    const { store, note } = this.#options;
    const objection = await store.decide(id, by, verdict);
    if (objection !== 'unknown') note({ approval: id, by, verdict, ...(objection === undefined ? {} : { objection }) });
    return objection;
  }
}

const json = (status: number, value: unknown, headers?: Record<string, string>): Reply => ({
  status,
  body: JSON.stringify(value),
  type: 'application/json',
  ...(headers ? { headers } : {}),
});
const html = (status: number, body: string, headers?: Record<string, string>): Reply => ({
  status,
  body,
  type: 'text/html; charset=utf-8',
  ...(headers ? { headers } : {}),
});
const see = (location: string, cookie: string): Reply => ({
  ...json(303, {}),
  headers: { location, 'set-cookie': cookie },
});

function send(res: ServerResponse, { status, body, type, headers }: Reply): void {
  res.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'content-security-policy': contentSecurityPolicy,
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    // With no-referrer, browsers would send the forms' posts with the origin "null".
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    ...headers,
  });
  res.end(body);
}

/** The fields of a form; undefined where it is too large. */
async function formIn(req: IncomingMessage): Promise<URLSearchParams | undefined> {
  const chunks: Buffer[] = [];
  let size_bytes = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size_bytes += chunk.length;
    if (size_bytes > maxBody_bytes) return undefined;
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}
