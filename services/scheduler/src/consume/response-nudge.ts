import type { Bus, Subscription } from '@millrace/bus'
import type { Responses } from '../resolve/responses.ts'

/** Waits were opened for messages that existed before, and may have been answered already. */
export function consumeResponseNudge(
  bus: Bus,
  responses: Pick<Responses, 'noteWaits'>,
): Subscription {
  return bus.onResponseNudge((items) => responses.noteWaits(items))
}
