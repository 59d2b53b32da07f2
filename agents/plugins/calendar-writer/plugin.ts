/** Makes and removes calendar entries; it may see the calendar too, as whoever plans must. */
import { catalogueRequests, toolsHost } from '../catalogue.ts';

export const request = catalogueRequests(toolsHost);
