/** Where the credentials control has its client secret from: the vault where one is configured, else as handed in. */
import type { GatewayConfig } from '#contract/config.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { FileKeyStore } from './fileKeyStore.ts';
import { Vault } from './vault.ts';

/** The secrets that may be taken now, newest first; asked for at each token request, never on a call's way. */
export type Secrets = () => Promise<readonly string[]>;

type Configured = Pick<NonNullable<GatewayConfig['controls']['credentials']>, 'client_secret' | 'vault'>;

/** @throws WeighbridgeError CONFIG, INTEGRITY where the configured secret cannot be had */
export async function secretsFrom({ client_secret, vault }: Configured): Promise<Secrets> {
  if ((client_secret === undefined) === (vault === undefined)) {
    throw new WeighbridgeError('CONFIG', 'give either client_secret or vault', {
      where: 'controls.credentials',
      mend: 'keep the one of the two that you mean',
    });
  }
  if (vault === undefined) {
    const handedIn = [client_secret!];
    return () => Promise.resolve(handedIn);
  }
  const opened = await Vault.open(vault.file, await FileKeyStore.open(vault.key_file));
  // What cannot be opened should stop the start, and not the first call.
  await opened.secrets(vault.entry);
  return () => opened.secrets(vault.entry);
}
