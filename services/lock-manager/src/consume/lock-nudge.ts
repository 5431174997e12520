import type { Bus, Subscription } from '@millrace/bus'
import type { LockServer } from '../serve/lock-server.ts'

export function consumeLockNudge(bus: Bus, server: Pick<LockServer, 'note'>): Subscription {
  return bus.onLockNudge((items) => server.note(items))
}
