/**
 * Arguments that the workloads draw: plain ASCII, varied in length as people's are, so that a cache or a compressor
 * in the path gains nothing from sameness. Amounts are whole cents.
 */
import type { Random } from '#contract/random.ts';
import { type Step, step } from './workload.ts';

/** No payment of a workload is above this: each arm's policy allows it without asking anyone. */
export const maxAmount_cents = 20_000;

const people = ['ana', 'bruno', 'chen', 'dalia', 'emeka', 'farah', 'goran', 'hana', 'ines', 'jonas', 'kofi', 'lena'];
const topics = ['budget', 'roadmap', 'incident 4711', 'hiring', 'launch', 'travel', 'audit', 'renewal', 'onboarding'];
const verbs = ['Review', 'Plan', 'Follow up on', 'Prepare', 'Discuss', 'Close', 'Summarise'];
const folders = ['inbox', 'archive', 'team', 'customers'];
const vendors = ['acme-cloud', 'paper-and-ink', 'city-cabs', 'blue-bakery', 'north-energy'];

const day = (random: Random): string =>
  `2026-${String(1 + random.int(12)).padStart(2, '0')}-${String(1 + random.int(28)).padStart(2, '0')}`;
const moment = (random: Random): string => `${day(random)}T${String(8 + random.int(10)).padStart(2, '0')}:00:00Z`;
const id = (random: Random, kind: string): string => `${kind}-${String(random.int(1_000_000)).padStart(6, '0')}`;
const address = (random: Random): string => `${random.pick(people)}@example.test`;
const title = (random: Random): string => `${random.pick(verbs)} ${random.pick(topics)}`;
const sentences = (random: Random): string => {
  const parts: string[] = [];
  for (let i = 1 + random.int(5); i > 0; i--)
    parts.push(`${title(random)} with ${random.pick(people)} by ${day(random)}.`);
  return parts.join(' ');
};

export const listEvents = (random: Random): Step =>
  step('calendar.list_events', { day: day(random), limit: 5 + random.int(20) });
export const createEvent = (random: Random): Step =>
  step('calendar.create_event', {
    title: title(random),
    start: moment(random),
    minutes: 15 * (1 + random.int(6)),
    attendee: address(random),
  });
export const deleteEvent = (random: Random): Step => step('calendar.delete_event', { id: id(random, 'evt') });

export const listMessages = (random: Random): Step =>
  step('mail.list_messages', { folder: random.pick(folders), limit: 5 + random.int(20) });
export const sendMessage = (random: Random): Step =>
  step('mail.send_message', { to: address(random), subject: title(random), body: sentences(random) });
export const deleteMessage = (random: Random): Step => step('mail.delete_message', { id: id(random, 'msg') });

export const readFile = (random: Random): Step => step('files.read_file', { id: id(random, 'doc') });
export const writeFile = (random: Random): Step =>
  step('files.write_file', { id: id(random, 'doc'), content: sentences(random) });
export const deleteFile = (random: Random): Step => step('files.delete_file', { id: id(random, 'doc') });

export const getBalance = (random: Random): Step => step('payments.get_balance', { account: id(random, 'acc') });
export const createPayment = (random: Random): Step =>
  step('payments.create_payment', {
    to: random.pick(vendors),
    amount_cents: 100 + random.int(maxAmount_cents - 99),
    reference: id(random, 'inv'),
  });

export const query = (random: Random): Step =>
  step('search.query', {
    q: `${random.pick(topics)} ${random.pick(people)} ${day(random)}`,
    limit: 1 + random.int(10),
  });
