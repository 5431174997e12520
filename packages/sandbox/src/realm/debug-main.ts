import type { Activation } from '@millrace/replay'
import { debugHooks } from './debug-hooks.ts'
import { DebugRun } from './debug-run.ts'
import { Driver } from './driver.ts'
import type { Start } from './driver.ts'
import { buildRealm } from './main.ts'
import type { Realm } from './main.ts'
import type { Run } from './run.ts'

/** As `buildRealm`, for scripts that were compiled for their debugger. */
export function buildDebugRealm(limits: string): Realm {
  return buildRealm(limits, (script) => new DebugDriver(script))
}

class DebugDriver extends Driver {
  override begin(batch: readonly Activation[], chunk: number): string | null {
    for (const activation of batch) {
      if (activation.kind !== 'continue') continue
      const run = this.runs.get(activation.key)
      if (run instanceof DebugRun) run.adjust(activation.debug)
    }
    return super.begin(batch, chunk)
  }

  protected override runOf(start: Start): Run {
    return new DebugRun(start)
  }

  protected override resultOf(run: Run): string {
    return (run instanceof DebugRun ? run.stopped : null) ?? super.resultOf(run)
  }

  protected override givenFor(run: Run, name: string): unknown {
    if (name === this.script.hook && run instanceof DebugRun) return debugHooks(run)
    return super.givenFor(run, name)
  }
}
