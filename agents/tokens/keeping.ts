/** How an agent keeps its grant, and which key binds its tokens: made once, from configuration and settings. */
import type { AgentConfig } from '#contract/config.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import type { Settings } from '../config/settings.ts';
import type { Plugin } from '../plugins/plugin.ts';
import { BindingKey } from '../security/binding-key.ts';
import { contextDigest, type ExecutionContext, manifestDigest } from '../security/execution-context.ts';
import { handedKey } from '../security/handed-key.ts';
import { ProcessLock } from '../security/process-lock.ts';
import { encryptedSeal, noContext, plainSeal, type Seal, StateFile } from '../security/state-file.ts';
import { FileStore, type GrantStore, MemoryStore } from './grant-store.ts';

export interface Keeping {
  store: GrantStore;
  /** Null where `security.oauth.token_binding` is off. */
  key: BindingKey | null;
}

/** @throws WeighbridgeError CONFIG */
export async function keepingOf(config: AgentConfig, settings: Settings, plugins: readonly Plugin[]): Promise<Keeping> {
  const { binding, state, agent_id, auth, controls } = config;
  if (settings['security.oauth.token_binding'] === 'off') {
    if (!state) return { store: new MemoryStore(), key: null };
    const seal = state.key || controls === 'on' ? await sealOf(state, noContext) : plainSeal;
    return { store: fileStore({ state, seal, auth, settings, jkt: null }), key: null };
  }
  if (!binding) {
    if (state) throw withoutRun();
    return { store: new MemoryStore(), key: BindingKey.random() };
  }
  const manifest_digest = manifestDigest(plugins.map(({ manifest }) => manifest));
  const context: ExecutionContext = { agent_id, manifest_digest, run_id: binding.run_id };
  const key = BindingKey.derive(await handedKey(binding.secret, 'binding.secret'), context);
  if (!state) return { store: new MemoryStore(), key };
  const seal = await sealOf(state, contextDigest(context));
  return { store: fileStore({ state, seal, auth, settings, jkt: key.jkt }), key };
}

type State = NonNullable<AgentConfig['state']>;

async function sealOf({ key }: State, context: Buffer): Promise<Seal> {
  if (key) return encryptedSeal(await handedKey(key, 'state.key'), context);
  throw new WeighbridgeError('CONFIG', 'the state file is to be encrypted, but no key is handed in', {
    where: 'state.key',
    mend: 'name a file or a variable of the environment that holds 32 bytes as hex',
  });
}

interface FileStoreParts {
  state: State;
  seal: Seal;
  auth: AgentConfig['auth'];
  settings: Settings;
  jkt: string | null;
}

function fileStore({ state, seal, auth: { issuer, client_id }, settings, jkt }: FileStoreParts): FileStore {
  const file = new StateFile(state.file, seal);
  const owner = { issuer, client_id, jkt };
  if (!settings['security.oauth.serialize_refresh']) return new FileStore({ file, owner });
  return new FileStore({ file, owner, lock: new ProcessLock(`${state.file}.lock`) });
}

/** A key that is drawn at random ends with the process, and what is bound to it with it. */
const withoutRun = (): WeighbridgeError =>
  new WeighbridgeError('CONFIG', 'a state file needs a binding key that lives as long as the run', {
    where: 'binding',
    mend: 'give binding.run_id and binding.secret',
  });
