/** A mailbox. */
import { createdId, deleted, pageOf, people, type Service, seededPages, sentence, someDay } from './service.ts';

const pages = seededPages('mail', (random) => ({
  id: `msg-${random.int(1_000_000)}`,
  from: `${random.pick(people)}@example.test`,
  subject: sentence(random, 4),
  date: someDay(random),
  unread: random.int(2) === 1,
}));

export const mail: Service = {
  tool: 'mail',
  handlers: {
    list_messages: (call) => `{"messages":${pageOf(pages, call)}}`,
    send_message: (call) => `{"id":"${createdId('msg', call)}","status":"queued"}`,
    delete_message: deleted,
  },
};
