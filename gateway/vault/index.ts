/** The vault as others see it. */
export { FileKeyStore } from './fileKeyStore.ts';
export type { KeyStore, WrappedKey } from './keyStore.ts';
export { Vault, type VaultEntry } from './vault.ts';
