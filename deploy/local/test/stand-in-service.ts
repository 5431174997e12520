import { createServer } from 'node:http'

/**
 * Stands in for a service in the supervisor's own tests: the gateway answers /ready, all end on
 * SIGTERM. What is tested is the supervisor; Postgres and NATS are real.
 */
const port = Number(process.env['MILLRACE_HTTP_PORT'] ?? 0)
const server = createServer((_, answer) => answer.end('ready'))
const host = process.env['MILLRACE_HTTP_HOST'] ?? '127.0.0.1'
server.listen(process.argv[2] === 'gateway' ? port : 0, host)
console.log(
  `${process.argv[2]} ${process.env['MILLRACE_POSTGRES_URL']} ${process.env['MILLRACE_NATS_URL']}`,
)
process.on('SIGTERM', () => {
  console.log('told to end')
  server.close()
})
