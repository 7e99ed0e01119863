import { createLogger } from '@sallyport/telemetry/logger'
import { freePort } from '@sallyport/postgres/free-port'
import { expect, test } from 'vitest'
import type { Account } from './account.ts'
import type { SyntheticUserConfig } from './config.ts'
import { keepRunning } from './service.ts'

const everyMs = 60_000
const nobody: Account = {
  nextCode: async () => '123456',
  signIn: async () => {
    throw new Error('Nobody\nanswers')
  },
}

test('a run that fails is told by its step, in numbers and in the log, and the next one comes at the next beat', async () => {
  const port = await freePort()
  const config: SyntheticUserConfig = {
    apiUrl: 'https://sallyport.example',
    tlsAuthority: undefined,
    ssh: { host: 'ssh.sallyport.example', port: 22, hostKey: '' },
    tenant: 'default',
    user: { userName: 'user', passwordFile: '', totpFile: '' },
    approver: { userName: 'approver', passwordFile: '', totpFile: '' },
    target: 'synthetic@web-1',
    revealed: undefined,
    everySeconds: everyMs / 1000,
    stepSeconds: 10,
    health: { host: '127.0.0.1', port },
    logLevel: 'info',
  }
  const at: number[] = []
  const logged: string[] = []
  let metrics = ''
  let ready = ''
  await keepRunning(config, new AbortController().signal, {
    log: createLogger('synthetic-user', 'info', { write: line => logged.push(line) }),
    deps: {
      user: nobody,
      approver: nobody,
      door: { connect: async () => Promise.reject(new Error('closed')) },
      newWord: () => 'word',
      stepMs: 1_000,
      revealed: undefined,
    },
    waited: async until => {
      at.push(until - performance.now())
      if (at.length < 3) return true
      metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
      ready = await (await fetch(`http://127.0.0.1:${port}/readyz`)).text()
      return false
    },
  })
  for (const waits of at) expect(waits).toBeGreaterThan(everyMs - 2_000)
  expect(metrics).toContain('sallyport_synthetic_runs_total{outcome="approver-sign-in"} 2')
  expect(metrics).toMatch(/^sallyport_synthetic_last_success_timestamp_seconds 0$/m)
  expect(JSON.parse(ready)).toEqual({ status: 'degraded', missing: ['the last run'] })
  expect(logged[0]).toContain('"step":"approver-sign-in","told":"Nobody answers"')
})
