import { loadStatements } from './statement.ts'

export const sql = loadStatements('locks', [
  'ensureLocks',
  'lockLocks',
  'readHolders',
  'readRequests',
  'saveLocks',
  'locksHeldBy',
  'locksToServe',
  'readLock',
  'readLockHolders',
  'readLockWaiters',
  'listLocks',
  'listGateKeys',
  'auditLock',
  'countQueues',
  'idleGates',
  'removeIdleGates',
])
