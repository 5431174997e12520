import * as restate from '@restatedev/restate-sdk'

/** Workflows keep their result, as an execution does; a plain handler would not. */
const empty = restate.workflow({
  name: 'Empty',
  handlers: { run: async (_context: restate.WorkflowContext, key: string) => key },
})
const tenSteps = restate.workflow({
  name: 'TenSteps',
  handlers: {
    run: async (context: restate.WorkflowContext) => {
      let sum = 0
      for (let i = 0; i < 10; i++) sum += await context.run(`step ${i}`, () => i)
      return sum
    },
  },
})
const child = restate.service({
  name: 'Child',
  handlers: { run: async (_context: restate.Context, input: { i: number }) => input },
})
const fanOut = restate.workflow({
  name: 'FanOut',
  handlers: {
    run: async (context: restate.WorkflowContext, { n }: { n: number }) => {
      const calls = Array.from({ length: n }, (_, i) =>
        context.serviceClient<typeof child>({ name: 'Child' }).run({ i }),
      )
      return (await restate.RestatePromise.all(calls)).length
    },
  },
})

restate.serve({
  services: [empty, tenSteps, child, fanOut],
  port: Number(process.env.SERVICE_PORT),
})
