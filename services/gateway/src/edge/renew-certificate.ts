import { createSecureContext, Server } from 'node:tls'
import { checkTime, followFiles } from '@sallyport/rpc/follow-files'
import type { Logger } from '@sallyport/telemetry/logger'
import type { FastifyInstance } from 'fastify'
import type { EdgeTls } from '../config.ts'
import { oldestTls } from './app.ts'

/** Lets new connections have the certificate that stands in the files; those that there are go on. */
export const renewCertificate = (
  { server }: Pick<FastifyInstance, 'server'>,
  { certificate, privateKey, files }: EdgeTls,
  log: Pick<Logger, 'info' | 'warn'>,
  everyMs?: number,
): Disposable => {
  if (!files || !(server instanceof Server)) return { [Symbol.dispose]: () => {} }
  const contextOf = (found: Readonly<Record<'certificate' | 'privateKey', Buffer>>) => ({
    cert: found.certificate,
    key: found.privateKey,
    minVersion: oldestTls,
  })
  return followFiles(
    { certificate, privateKey },
    {
      files,
      check: found => {
        createSecureContext(contextOf(found))
        checkTime(found)
      },
      onChange: found => server.setSecureContext(contextOf(found)),
      log,
      ...(everyMs && { everyMs }),
    },
  )
}
