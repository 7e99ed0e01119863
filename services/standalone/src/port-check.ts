import { once } from 'node:events'
import { createServer } from 'node:net'
import { UsageError } from './options.ts'

/**
 * Checks that a port can be listened on, before anything is started.
 * @throws UsageError naming the flag that chooses another one
 */
export const requireFreePort = async (host: string, port: number, flag: string): Promise<void> => {
  if (port === 0) return
  const server = createServer()
  try {
    server.listen(port, host)
    await once(server, 'listening')
    server.close()
    await once(server, 'close')
  } catch (thrown) {
    throw new UsageError(problem(thrown, host, port, flag))
  }
}

const problem = (thrown: unknown, host: string, port: number, flag: string): string => {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  if (code === 'EADDRINUSE')
    return `Port ${port} on ${host} is taken. Choose another with ${flag}, or 0 for any free one.`
  if (code === 'EACCES') return `You may not listen on port ${port}. Choose one above 1023 with ${flag}.`
  return `Cannot listen on ${host} port ${port} (${String(code)}). Choose another address with --host.`
}
