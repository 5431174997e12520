import { runService } from '@millrace/runtime'
import { readConfig } from './config.ts'
import { createEngine } from './service.ts'

await runService({
  name: 'engine',
  create: (_signal, host) => createEngine(readConfig(), host),
})
