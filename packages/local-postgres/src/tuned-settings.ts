import { totalmem } from 'node:os'

export interface ServerMemory {
  readonly sharedBuffersMib: number
  readonly walBuffersMib: number
}

/**
 * Settings of a server that shares one machine with everything that uses it. What is acknowledged
 * is on the disk. `memory` is what it keeps for itself once it was used; default: plenty.
 */
export function tunedSettings(memory: ServerMemory = plenty()): string[] {
  return [
    'fsync=on',
    'synchronous_commit=on',
    'full_page_writes=on',
    `shared_buffers=${memory.sharedBuffersMib}MB`,
    `wal_buffers=${memory.walBuffersMib}MB`,
    'bgwriter_lru_maxpages=1000', // so that sessions find clean pages when the buffers are few
    'max_wal_size=4GB',
    'min_wal_size=512MB',
    'checkpoint_timeout=15min',
    'max_connections=200',
    'jit=off', // compiling costs more than these statements take
    'random_page_cost=1.1',
    'max_parallel_workers_per_gather=0', // /dev/shm is 64 MB in many containers
    'log_checkpoints=off',
    'log_min_duration_statement=2s',
  ]
}

function plenty(): ServerMemory {
  const eighth = Math.floor(totalmem() / 8 / 2 ** 20)
  return { sharedBuffersMib: Math.max(128, Math.min(1_024, eighth)), walBuffersMib: 32 }
}
