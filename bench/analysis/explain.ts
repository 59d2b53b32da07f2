/**
 * Says in a sentence what makes the difference between two arms, and whether their configuration would let one expect it.
 * Pure: means in, words out. A difference that is only shown is left to be guessed at; new connections, lookups, handshakes,
 * refused attempts and hops that nobody planned are told by name (claim C2).
 */

/** One leg's attempts; times are µs per call. */
export interface LegTime {
  /** Attempts ÷ calls. */
  attempts: number;
  /** Shares of the attempts that had to open a connection, and that were refused by a 401 or 403. */
  opened: number;
  refused: number;
  lookup_us: number;
  connect_us: number;
  tls_us: number;
  refused_us: number;
}

/** An arm's mean call, µs; the parts from `agent_us` on sum to `felt_us` where every span was stored. */
export interface Side {
  arm: string;
  /** What is configured to stand between agent and tools. */
  gateway: 'none' | 'ours' | 'attached';
  controls: string;
  felt_us: number;
  agent_us: number;
  refresh_us: number;
  /** From the agent to the next tier and back, connections and all; an attached gateway is in it. */
  wire_us: number;
  /** The gateway itself, and its way to the tool and back. */
  gateway_us: number;
  upstream_us: number;
  check_us: number;
  tool_us: number;
  fromAgent: LegTime;
  /** Null where no attempt of a gateway was seen. */
  fromGateway: LegTime | null;
}

export interface Cause {
  cause: string;
  /** Arm minus baseline, µs per call. */
  us: number;
  unexpected: boolean;
  says: string;
}

export interface Explained {
  difference_us: number;
  unexpected: boolean;
  /** The largest first; they sum to the difference. */
  causes: Cause[];
  sentence: string;
}

/** What is told of: a tenth of the difference, and not what two equal arms differ by. */
const notable = { share: 0.1, us: 20 };
/** A way or a tool that differs by less is the noise of the machine. */
const surprising = { share: 0.25, us: 100 };
/** Two arms that keep their connections open differ by less: shares of attempts. */
const openedMore = 0.01;
const refusedMore = 0.01;
const keptNone = 0.95;

export const noLeg: LegTime = {
  attempts: 0,
  opened: 0,
  refused: 0,
  lookup_us: 0,
  connect_us: 0,
  tls_us: 0,
  refused_us: 0,
};

export function explain(arm: Side, baseline: Side): Explained {
  const difference_us = arm.felt_us - baseline.felt_us;
  const counts = (us: number): boolean => Math.abs(us) >= Math.max(notable.us, notable.share * Math.abs(difference_us));
  const surprises = (us: number): boolean =>
    Math.abs(us) >= Math.max(surprising.us, surprising.share * Math.abs(difference_us));
  const pair: Pair = { arm, baseline, counts, surprises };
  const known = [
    work(pair),
    tokens(pair),
    connections(pair, 'fromAgent'),
    connections(pair, 'fromGateway'),
    way(pair),
    secondHop(pair),
    check(pair),
    tool(pair),
  ];
  const rest_us = difference_us - known.reduce((sum, c) => sum + c.us, 0);
  const causes = [...known, unaccounted(pair, rest_us)]
    .filter((c) => c.us !== 0 || c.unexpected)
    .sort((a, b) => Math.abs(b.us) - Math.abs(a.us));
  const repeats = (['fromAgent', 'fromGateway'] as const).flatMap((leg) => refusals(pair, leg));
  const told = causes.filter((c) => counts(c.us) || c.unexpected);
  return {
    difference_us,
    unexpected: repeats.length > 0 || told.some((c) => c.unexpected),
    causes,
    sentence: sentenceOf(pair, told, repeats),
  };
}

interface Pair {
  arm: Side;
  baseline: Side;
  counts: (us: number) => boolean;
  surprises: (us: number) => boolean;
}

const ms = (us: number): string => `${(us / 1000).toFixed(3)} ms`;
const size = (us: number): string => ms(Math.abs(us));
const more = (us: number): string => `${size(us)} ${us < 0 ? 'less' : 'more'}`;
const percent = (share: number): string => (share > 0 && share < 0.01 ? 'under 1 %' : `${Math.round(share * 100)} %`);

function work({ arm, baseline, surprises }: Pair): Cause {
  const us = arm.agent_us - baseline.agent_us;
  const unexpected = arm.controls === baseline.controls && surprises(us);
  return { cause: 'agent', us, unexpected, says: `work in the agent itself takes ${more(us)}` };
}

function tokens({ arm, baseline, counts }: Pair): Cause {
  const us = arm.refresh_us - baseline.refresh_us;
  return { cause: 'token refresh', us, unexpected: counts(us), says: `waiting for new tokens takes ${more(us)}` };
}

const legNames = {
  fromAgent: { cause: 'new connections of the agent', where: 'its attempts' },
  fromGateway: { cause: 'new connections of the gateway', where: 'the attempts of its gateway' },
} as const;

const opening = ({ lookup_us, connect_us, tls_us }: LegTime): number => lookup_us + connect_us + tls_us;

/** Which of the two opens more, and what that costs: one whose connections stay open opens none in a warm slice. */
function connections({ arm, baseline, counts }: Pair, leg: keyof typeof legNames): Cause {
  const [own, other] = [arm[leg] ?? noLeg, baseline[leg] ?? noLeg];
  const us = opening(own) - opening(other);
  const [most, least] = own.opened >= other.opened ? [arm, baseline] : [baseline, arm];
  const [opens, against] = [most[leg] ?? noLeg, least[leg] ?? noLeg];
  const { cause, where } = legNames[leg];
  const often = opens.opened - against.opened >= openedMore;
  const parts = (['lookup_us', 'connect_us', 'tls_us'] as const).map((key) => size(opens[key] - against[key]));
  const never = opens.opened >= keptNone ? ': connections are not kept open' : '';
  const compared = least[leg] ? ` (${least.arm}: ${percent(against.opened)})` : '';
  const cost = `${size(us)} per call (name lookup ${parts[0]}, connecting ${parts[1]}, TLS ${parts[2]})`;
  const says = often
    ? `${most.arm} opens a new connection in ${percent(opens.opened)} of ${where}${compared}${never}, which takes ${cost}`
    : `opening connections costs ${most.arm} ${cost}, though it opens no more of them`;
  return { cause, us, unexpected: often || counts(us), says };
}

function way({ arm, baseline, surprises }: Pair): Cause {
  const us = arm.wire_us - opening(arm.fromAgent) - (baseline.wire_us - opening(baseline.fromAgent));
  const attached = [arm, baseline].find((side) => side.gateway === 'attached');
  if (attached && arm.gateway !== baseline.gateway) {
    const says = `the way from the agent to the tool, the attached gateway in it, takes ${more(us)}`;
    return { cause: 'way of the agent', us, unexpected: false, says };
  }
  const unexpected = surprises(us);
  const why = unexpected
    ? ', and nothing that is configured tells why: a hop that nobody planned (a proxy, a firewall), a slower network, or a peer that accepts late'
    : '';
  return {
    cause: 'way of the agent',
    us,
    unexpected,
    says: `the way from the agent to the next tier takes ${more(us)}${why}`,
  };
}

const onward = (side: Side): number => side.upstream_us - opening(side.fromGateway ?? noLeg);

function secondHop({ arm, baseline, surprises }: Pair): Cause {
  const gateway_us = arm.gateway_us - baseline.gateway_us;
  const upstream_us = onward(arm) - onward(baseline);
  const us = gateway_us + upstream_us;
  const parts = `(the gateway itself ${ms(gateway_us)}, its way on to the tool ${ms(upstream_us)})`.replaceAll(
    '-',
    '−',
  );
  const says = `the second hop ${us < 0 ? 'saves' : 'adds'} ${size(us)} ${parts}`;
  // Where both have one, what its controls cost is expected; a way on that differs is not.
  const both = arm.gateway === 'ours' && baseline.gateway === 'ours';
  return { cause: 'second hop', us, unexpected: both && surprises(upstream_us), says };
}

function check({ arm, baseline }: Pair): Cause {
  const us = arm.check_us - baseline.check_us;
  return {
    cause: 'token check at the tool',
    us,
    unexpected: false,
    says: `the token check at the tool takes ${more(us)}`,
  };
}

/** Every arm meets the same service times. */
function tool({ arm, baseline, surprises }: Pair): Cause {
  const us = arm.tool_us - baseline.tool_us;
  return { cause: 'tool', us, unexpected: surprises(us), says: `the tools themselves take ${more(us)}` };
}

function unaccounted({ surprises }: Pair, us: number): Cause {
  const rounded = Math.abs(us) < 0.001 ? 0 : us;
  const says = `${size(rounded)} ${rounded < 0 ? 'less' : 'more'} stand in no span`;
  return { cause: 'not accounted for', us: rounded, unexpected: surprises(rounded), says };
}

/** Refused attempts are in the parts already; what they take is told beside them. */
function refusals({ arm, baseline }: Pair, leg: keyof typeof legNames): string[] {
  const [own, other] = [arm[leg] ?? noLeg, baseline[leg] ?? noLeg];
  const [most, least] = own.refused >= other.refused ? [arm, baseline] : [baseline, arm];
  const [refused, against] = [most[leg] ?? noLeg, least[leg] ?? noLeg];
  if (refused.refused - against.refused < refusedMore) return [];
  const whose = leg === 'fromAgent' ? most.arm : `the gateway of ${most.arm}`;
  return [
    `${percent(refused.refused)} of the attempts of ${whose} are refused and made again (${least.arm}: ${percent(against.refused)}), ${refused.attempts.toFixed(2)} attempts per call, and the refused ones take ${size(refused.refused_us - against.refused_us)} of it`,
  ];
}

function sentenceOf({ arm, baseline, counts }: Pair, told: readonly Cause[], repeats: readonly string[]): string {
  const difference_us = arm.felt_us - baseline.felt_us;
  const head = `A call takes ${more(difference_us)} on ${arm.arm} than on ${baseline.arm}`;
  const unexpected = [...told.filter((c) => c.unexpected).map((c) => c.says), ...repeats];
  const expected = told.filter((c) => !c.unexpected && counts(c.us)).map((c) => c.says);
  const sentences = [
    expected.length > 0 ? `${head}: ${expected.join('; ')}.` : `${head}.`,
    unexpected.length > 0
      ? `Unexpected: ${unexpected.join('; ')}.`
      : 'Nothing unexpected: no connections, name lookups, handshakes, refusals or hops beyond what is configured.',
  ];
  return sentences.join(' ');
}
