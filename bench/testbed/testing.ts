/**
 * For tests of agents and gateways: the real testbed, both processes, on free ports. Not for campaigns, which start
 * their own.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { AuthClient, ServiceTime, TelemetryConfig, TlsIdentity, VerifierConfig } from '#contract/config.ts';
import { type AuthMethods, ControlClient, type ToolsMethods } from '#contract/control.ts';
import { service } from '#contract/names.ts';
import { allScopes, gatewayAudience, toolsAudience } from '#contract/tools.ts';

export interface TestbedOptions {
  /** Default: the agent `agent` and the service `vault`, both with all scopes (see `testClients`). */
  clients?: AuthClient[];
  /** Default: one hour. */
  access_token_ttl_ms?: number;
  /** Default: instant. */
  service_time?: ServiceTime;
  /** Authority and tools take proofs of possession with a nonce of theirs only. */
  nonces?: boolean;
  /** The tools listen with TLS too. */
  tls?: TlsIdentity;
  /** Merged into both processes' telemetry; default: off. */
  telemetry?: Partial<Omit<TelemetryConfig, 'service' | 'instance'>>;
  /** Shows the processes' standard output too; their errors are always shown. */
  shown?: boolean;
}

export interface Testbed {
  auth: { issuer: string; jwks_uri: string; token_endpoint: string };
  tools: { url: string; tls_url: string | null; revocations_url: string };
  authControl: ControlClient<AuthMethods>;
  toolsControl: ControlClient<ToolsMethods>;
  push_secret: string;
  /** What a gateway with this audience needs to check tokens. */
  verifier(audience: string): VerifierConfig;
  /** Ends both processes; resolves when they are gone. */
  stop(): Promise<void>;
}

/** Nobody listens there: tests read the code out of the redirect instead of following it. */
export const testRedirectUri = 'http://127.0.0.1:9/callback';
export const testVaultSecret = 'a-secret-for-tests-only';

/** `agent`: public, PKCE required, may ask for tokens for the tools and for a gateway. `vault`: confidential. */
export const testClients: AuthClient[] = [
  {
    kind: 'agent',
    client_id: 'agent',
    scopes: [...allScopes],
    resources: [toolsAudience, gatewayAudience],
    redirect_uri: testRedirectUri,
    pkce_required: true,
  },
  {
    kind: 'service',
    client_id: 'vault',
    client_secret: testVaultSecret,
    scopes: [...allScopes],
    resources: [toolsAudience],
  },
];

/** Starts one tier's script as the campaign does: plain node with a control channel. Its stderr goes to ours. */
export function startTier<M>(name: string, script: URL, shown = false): ControlClient<M> {
  const child = spawn(process.execPath, ['--expose-gc', fileURLToPath(script)], {
    stdio: ['ignore', shown ? 'inherit' : 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  return new ControlClient<M>(name, child);
}

export async function startTestbed(options: TestbedOptions = {}): Promise<Testbed> {
  const authControl = startTier<AuthMethods>('auth', new URL('./auth/main.ts', import.meta.url), options.shown);
  const toolsControl = startTier<ToolsMethods>('tools', new URL('./tools/main.ts', import.meta.url), options.shown);
  const stop = async (): Promise<void> => {
    await Promise.all([authControl, toolsControl].map(end));
  };
  try {
    const push_secret = randomBytes(24).toString('base64url');
    const telemetry = (name: string): TelemetryConfig => ({
      mode: 'off',
      ...options.telemetry,
      service: name,
      instance: `${name}/test`,
    });
    const auth = await authControl.call('configure', {
      telemetry: telemetry(service.auth),
      access_token_ttl_ms: options.access_token_ttl_ms ?? 3_600_000,
      clients: options.clients ?? testClients,
      push_secret,
      ...(options.nonces && { dpop_nonce: true }),
    });
    const verifier = (audience: string): VerifierConfig => ({
      issuer: auth.issuer,
      jwks_uri: auth.jwks_uri,
      audience,
      push_secret,
    });
    const tools = await toolsControl.call('configure', {
      telemetry: telemetry(service.tools),
      verifier: { ...verifier(toolsAudience), ...(options.nonces && { require_nonce: true }) },
      service_time: options.service_time ?? { kind: 'instant' },
      ...(options.tls ? { tls: options.tls } : {}),
    });
    await authControl.call('set_verifiers', { urls: [tools.revocations_url] });
    return { auth, tools, authControl, toolsControl, push_secret, verifier, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Closing the channel ends the process, whatever state it is in. */
function end(control: ControlClient<AuthMethods> | ControlClient<ToolsMethods>): Promise<void> {
  const { child } = control;
  if (!control.alive) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    if (child.connected) child.disconnect();
    else child.kill();
  });
}
