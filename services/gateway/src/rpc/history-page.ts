import { History } from '../http/execution-parts.ts'
import { bodyCheck } from '../http/validate.ts'

/** Which part of a history is asked for, as REST has it. Throws `invalid`. */
export function historyPage(request: {
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
}): { readonly limit: number | undefined; readonly cursor: string | undefined } {
  const { limit, cursor } = request
  const page = { limit, cursor }
  check(page)
  return page
}

const check = bodyCheck(History)
