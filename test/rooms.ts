/** The rooms of the house, and who may import whom: the table of ARCHITECTURE.md, for machines. */
import { type Import, importsOf, isTesting, packageOf, type Source } from './sources.ts';

interface Room {
  /** A folder, or `bench/*.ts` for the files that stand in it. */
  room: string;
  /** Folders (with `/` at the end) and files of other rooms that it may import. */
  mayImport: readonly string[];
  /** Files from which types alone may be imported. */
  mayImportTypes?: readonly string[];
}

const contract = 'bench/contract/';
const withTelemetry = {
  mayImport: [contract, 'collectors/telemetry/index.ts'],
  mayImportTypes: ['collectors/telemetry/types.ts'],
};

/** The pure part of `bench/load` that reads steps. */
const loadFigures = ['brackets', 'figures', 'frontier', 'knee'].map((name) => `bench/load/${name}.ts`);

/** Deeper folders first: the first that holds a file is its room. */
const rooms: readonly Room[] = [
  { room: 'bench/contract/', mayImport: [] },
  { room: 'bench/campaign/', mayImport: [contract, 'bench/thresholds/', 'bench/load/schedule.ts'] },
  { room: 'bench/workloads/', mayImport: [contract] },
  { room: 'bench/testbed/', ...withTelemetry },
  { room: 'bench/stats/', mayImport: [contract] },
  { room: 'bench/load/', mayImport: [contract, 'bench/stats/'] },
  { room: 'bench/thresholds/', mayImport: [contract] },
  { room: 'bench/compare/', mayImport: [contract, 'bench/stats/'] },
  { room: 'bench/pilot/', mayImport: [contract, 'bench/stats/'], mayImportTypes: ['bench/analysis/index.ts'] },
  {
    room: 'bench/analysis/',
    mayImport: [contract, 'bench/stats/', 'bench/thresholds/', 'collectors/traces/', ...loadFigures],
  },
  {
    room: 'bench/coverage/',
    mayImport: [
      contract,
      'bench/campaign/',
      'bench/workloads/index.ts',
      'bench/stats/',
      ...['figures', 'pooled', 'rounding'].map((name) => `bench/analysis/${name}.ts`),
      'collectors/traces/index.ts',
    ],
  },
  { room: 'bench/doctor/', mayImport: [contract] },
  { room: 'bench/policy/', mayImport: [contract] },
  { room: 'bench/integrity/', mayImport: [contract] },
  // Attacks on the log, the vault and the codes are made by those who know them as well as the gateway does; plugins are
  // signed as any publisher signs them.
  {
    room: 'bench/security/',
    mayImport: [
      contract,
      'bench/campaign/',
      'bench/policy/',
      'bench/stats/',
      'bench/workloads/',
      'agents/plugins/folder.ts',
      'agents/security/plugin-signature.ts',
      'gateway/audit/',
      'gateway/vault/index.ts',
      'gateway/controls/secondFactor.ts',
    ],
  },
  { room: 'bench/bench/', mayImport: [''] },
  // The commands put the rooms together; the gateway's policy, vault and audit log have commands of their own,
  // and attacks are tried with somebody's config.yaml.
  {
    room: 'bench/commands/',
    mayImport: [
      'bench/',
      'dashboards/',
      'gateway/controls/policy.ts',
      'gateway/vault/',
      'gateway/audit/index.ts',
      'agents/config/',
    ],
  },
  { room: 'bench/', mayImport: ['bench/', 'dashboards/'] },
  { room: 'agents/', ...withTelemetry },
  { room: 'gateway/', ...withTelemetry },
  { room: 'collectors/', mayImport: [contract] },
  { room: 'dashboards/', mayImport: [contract] },
  { room: 'bin/', mayImport: ['bench/cli.ts', 'agents/claw/'] },
  { room: 'test/', mayImport: [''] },
];

export const roomOf = (path: string): Room | undefined => rooms.find(({ room }) => path.startsWith(room));

const isWithin = (file: string, allowed: readonly string[]): boolean =>
  allowed.some((entry) => (entry === '' || entry.endsWith('/') ? file.startsWith(entry) : file === entry));

/** What a file imports against the rules, a line each. Tests and what only they use may look into every room. */
export function importViolations(source: Source): string[] {
  const room = roomOf(source.path);
  if (!room) return [`${source.path} stands in no room`];
  return importsOf(source).flatMap((i) => {
    const why = contractPath(source.path, i) ?? (isTesting(source.path) ? undefined : stranger(room, i));
    return why === undefined ? [] : [`${source.path}:${i.line} imports ${i.specifier}: ${why}`];
  });
}

function stranger(
  { room, mayImport, mayImportTypes = [] }: Room,
  { file, typeOnly, specifier }: Import,
): string | undefined {
  if (file === null) return undefined;
  if (isTesting(file)) return 'what only tests use';
  const own = roomOf(file)?.room === room;
  if (own || isWithin(file, mayImport) || (typeOnly && isWithin(file, mayImportTypes))) return undefined;
  return `${room} may import ${[...mayImport, ...mayImportTypes.map((t) => `types of ${t}`)].join(', ') || 'nothing'}, not ${specifier}`;
}

/** The leaf is reached by its alias, so that moving a file moves no import of it. */
function contractPath(path: string, { file, specifier }: Import): string | undefined {
  if (file === null || !file.startsWith(contract) || path.startsWith(contract)) return undefined;
  return specifier.startsWith('#contract/') ? undefined : 'the contract is reached as #contract/…';
}

/** Packages that one corner of the house alone may use. */
const guarded: readonly { name: string; only: readonly string[] }[] = [
  // The store, the analysis of Parquet, and the samples that tests and benchmarks make up and read back.
  {
    name: '@duckdb/node-api',
    only: ['collectors/store/', 'collectors/traces/', 'collectors/samples/', 'bench/analysis/'],
  },
  { name: 'oidc-provider', only: ['bench/testbed/'] },
  { name: 'pkijs', only: ['bench/campaign/certificates.ts'] },
  { name: 'asn1js', only: ['bench/campaign/certificates.ts'] },
  { name: 'autocannon', only: ['bench/load/probe.ts'] },
  { name: 'vega', only: ['dashboards/'] },
  { name: 'vega-lite', only: ['dashboards/'] },
  { name: 'commander', only: ['bench/cli.ts', 'bench/commands/', 'agents/claw/'] },
];

export const packageViolations = (source: Source): string[] =>
  isTesting(source.path)
    ? []
    : importsOf(source).flatMap((i) => {
        const rule = guarded.find(({ name }) => name === packageOf(i));
        if (!rule || isWithin(source.path, rule.only)) return [];
        return [`${source.path}:${i.line} imports ${rule.name}: only ${rule.only.join(', ')} may`];
      });
