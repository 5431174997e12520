import { runDoctor } from '../operations/doctor.ts'
import { Json, strict } from '../schemas/parts.ts'
import { ok, type Route, route } from './route.ts'

const tag = 'doctor'

export const doctorRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/doctor',
    id: 'runDoctor',
    summary: 'Whether anything stands still without a reason that holds',
    tag,
    answers: { 200: Json },
    handle: async (context, { caller }) => ok(await runDoctor(context, caller, { repair: false })),
  }),
  route({
    method: 'POST',
    path: '/doctor/repair',
    id: 'repairByDoctor',
    summary: 'The same, and mends what a lost message left behind',
    tag,
    body: strict({}),
    bodyOptional: true,
    // Done again it looks again: the first answer would be old.
    idempotent: false,
    answers: { 200: Json },
    handle: async (context, { caller }) => ok(await runDoctor(context, caller, { repair: true })),
  }),
]
