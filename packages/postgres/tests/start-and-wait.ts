// A process of its own for the test to kill: starts a server, tells its process id, and stays.
import { startEmbeddedPostgres } from '../src/embedded.ts'

const server = await startEmbeddedPostgres({ directory: process.argv[2] ?? '' })
process.stdout.write(`${await server.pid()}\n`)
setInterval(() => {}, 60_000)
