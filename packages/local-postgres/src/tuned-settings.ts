import { totalmem } from 'node:os'

/**
 * Settings of a server that shares one machine with everything that uses it. What is acknowledged
 * is on the disk.
 */
export function tunedSettings(): string[] {
  const eighth = Math.floor(totalmem() / 8 / 2 ** 20)
  const sharedBuffersMb = Math.max(128, Math.min(1_024, eighth))
  return [
    'fsync=on',
    'synchronous_commit=on',
    'full_page_writes=on',
    `shared_buffers=${sharedBuffersMb}MB`,
    'wal_buffers=32MB',
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
