/** A calendar of one person. */
import { createdId, deleted, pageOf, people, type Service, seededPages, sentence, someDay } from './service.ts';

const pages = seededPages('calendar', (random) => ({
  id: `evt-${random.int(1_000_000)}`,
  title: sentence(random, 3),
  start: `${someDay(random)}T${String(8 + random.int(10)).padStart(2, '0')}:00:00Z`,
  minutes: 15 * (1 + random.int(6)),
  attendees: [`${random.pick(people)}@example.test`],
}));

export const calendar: Service = {
  tool: 'calendar',
  handlers: {
    list_events: (call) => `{"events":${pageOf(pages, call)}}`,
    create_event: (call) => `{"id":"${createdId('evt', call)}","status":"confirmed"}`,
    delete_event: deleted,
  },
};
