import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { figure, isNightly } from '@sallyport/testing/proof'
import { findProgram } from '@sallyport/targets/find-program'
import { afterAll, describe, expect, test } from 'vitest'
import { openStage } from '../support/stage.ts'

const run = promisify(execFile)
const unlimited = 10_000_000
const limits = {
  read: unlimited,
  write: unlimited,
  login: unlimited,
  secret: unlimited,
  badTokens: unlimited,
}

/** Lists whose filters reach the database of each service; `*` is where sqlmap puts its payloads. */
const urls = [
  '/devices?search=a*',
  '/devices?tag=a*',
  '/credentials?search=a*',
  '/users?search=a*',
  '/requests?state=pending*',
  '/sessions?state=live*',
  '/operations?credentialId=01900000-0000-7000-8000-000000000001*',
  '/audit/records?requestId=a*',
  '/devices/01900000-0000-7000-8000-000000000001*',
  '/devices?cursor=a*',
]

describe('S-IN-07: sqlmap', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-sqlmap-'))
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  test('finds no parameter that can be injected', async ({ skip }) => {
    if (!isNightly) skip('only at night: takes minutes')
    const sqlmap = await findProgram('sqlmap')
    if (!sqlmap) skip('needs sqlmap (Debian: sqlmap)')
    await using stage = await openStage({ limits })
    for (const url of urls) {
      const target = `${stage.platform.apiUrl}/v1${url}`
      const headers = `--headers=Authorization: Bearer ${stage.admin.api.token}`
      const options = [
        '--batch',
        '--flush-session',
        '--dbms=PostgreSQL',
        '--level=2',
        '--risk=2',
        '--ignore-code=*',
      ]
      const { stdout } = await run(
        sqlmap ?? '',
        ['-u', target, headers, `--output-dir=${directory}`, ...options],
        {
          maxBuffer: 1e8,
        },
      )
      expect(stdout, url).not.toMatch(/is vulnerable|sqlmap identified the following injection/)
      expect(stdout, url).toContain('do not appear to be injectable')
    }
    figure('S-IN-07', `sqlmap: ${urls.length} parameters, 0 injectable`)
  }, 1_200_000)
})
