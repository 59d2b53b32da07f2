/** A payment within the limit, yet large enough that a human should be asked; nobody asks one. */
import type { Attack } from '../../attack.ts';
import { payOnce } from './means/payments.ts';

/** Above what an approver is asked for, below what is refused outright and what a one-time code is needed for. */
const amount_cents = 15_000;

export const paymentWithoutApproval: Attack = {
  id: 'payment-without-approval',
  title: 'A payment that no human approved',
  capability: 'human_in_the_loop',
  claims: ['C9'],
  story: false,
  counts_as_stopped: 'the payment has no effect before an approver has agreed',
  carryOut: (range) =>
    payOnce(range, amount_cents, ({ carriedOut, denied_by }) =>
      carriedOut
        ? 'No human is asked: within its limit the payment is like any other.'
        : `It waits for a human (${denied_by}).`,
    ),
};
