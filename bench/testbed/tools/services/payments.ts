/** Accounts and payments, in whole cents. A payment is identified by its call's key: a repeat pays nothing twice. */
import { InvalidArguments } from '../arguments.ts';
import { createdId, pageOf, type Service, seededPages, someDay, words } from './service.ts';

const pages = seededPages('payments', (random) => ({
  id: `pay-${random.int(1_000_000)}`,
  date: someDay(random),
  amount_cents: 100 + random.int(100_000),
  text: random.pick(words),
}));

export const payments: Service = {
  tool: 'payments',
  handlers: {
    get_balance: (call) => `{"currency":"EUR","balance_cents":1284000,"latest":${pageOf(pages, call)}}`,
    create_payment: (call) => {
      const amount_cents = call.args.get('amount_cents');
      if (!Number.isSafeInteger(amount_cents) || (amount_cents as number) <= 0) {
        throw new InvalidArguments('amount_cents must be a whole number above 0');
      }
      return `{"id":"${createdId('pay', call)}","amount_cents":${amount_cents},"status":"accepted"}`;
    },
  },
};
