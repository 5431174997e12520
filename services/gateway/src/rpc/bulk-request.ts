import { pb } from '@millrace/wire'
import { bodyCheck } from '../http/validate.ts'
import { BulkBody } from '../schemas/execution.ts'
import { withoutUndefined } from './create-request.ts'

const check = bodyCheck(BulkBody)

/** The body that REST would have got. Throws `invalid` like REST does. */
export function toBulkBody(request: pb.ExecutionServiceBulkRequest): BulkBody {
  const { action, ids, filter, dryRun, message } = request
  const body = withoutUndefined({
    action: ACTIONS[action],
    ids: ids.length === 0 ? undefined : ids,
    filter,
    dry_run: dryRun,
    message,
  })
  check(body)
  return body as BulkBody
}

const ACTIONS: Readonly<Partial<Record<pb.BulkAction, BulkBody['action']>>> = {
  [pb.BulkAction.CANCEL]: 'cancel',
  [pb.BulkAction.PAUSE]: 'pause',
  [pb.BulkAction.RESUME]: 'resume',
  [pb.BulkAction.DELETE]: 'delete',
  [pb.BulkAction.RERUN]: 'rerun',
}
