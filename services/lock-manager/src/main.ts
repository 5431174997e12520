import { runService } from '@millrace/runtime'
import { readConfig } from './config.ts'
import { createLockManager } from './service.ts'

await runService({
  name: 'lock-manager',
  create: (_signal, host) => createLockManager(readConfig(), host),
})
