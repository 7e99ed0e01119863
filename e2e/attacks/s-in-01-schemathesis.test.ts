import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { figure, isNightly } from '@sallyport/testing/proof'
import { findProgram } from '@sallyport/targets/find-program'
import { describe, expect, test } from 'vitest'
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

describe('S-IN-01: schemathesis', () => {
  test('finds no request that makes the platform fail', async ({ skip }) => {
    if (!isNightly) skip('only at night: takes minutes')
    const schemathesis = await findProgram('schemathesis')
    if (!schemathesis) skip('needs schemathesis (pip install schemathesis)')
    await using stage = await openStage({ limits })
    const { stdout } = await run(
      schemathesis ?? '',
      [
        'run',
        `${stage.platform.apiUrl}/v1/openapi.json`,
        '--url',
        stage.platform.apiUrl,
        '--header',
        `Authorization: Bearer ${stage.admin.api.token}`,
        '--checks',
        'not_a_server_error',
        '--max-examples',
        '20',
        '--phases',
        'examples,coverage,fuzzing',
        // It would sign out, and it would wait for hosts that are not there.
        '--exclude-operation-id',
        'logOut',
        '--exclude-operation-id',
        'scanHostKeys',
      ],
      // It leaves a folder where it runs.
      { maxBuffer: 1e9, cwd: stage.directory },
    )
    expect(stdout).not.toMatch(/Server error/)
    figure('S-IN-01', 'schemathesis: no server error')
  }, 1_200_000)
})
