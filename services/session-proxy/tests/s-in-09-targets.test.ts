import { describe, expect, it } from 'vitest'
import { doorToSshd, missing } from './support/door-to-sshd.ts'
import { ssh } from './support/ssh-client.ts'

describe.skipIf(missing !== undefined)(
  `S-IN-09: no session goes where no target may be ${missing ?? ''}`,
  () => {
    const { changeTarget, open } = doorToSshd()

    it.each(['127.0.0.1', 'localhost', '169.254.169.254', '::ffff:169.254.169.254', '2130706433'])(
      'a session to %s ends before it connects, and the trail says why',
      async address => {
        changeTarget({ address })
        const door = await open({ targetsOnLoopback: false })
        const why = 'The address of the device is one that must not be connected to'
        expect((await ssh({ port: door.port, command: 'id' })).stderr).toContain(why)
        expect(door.ledger.ends()).toMatchObject([{ reason: 'target-failed', detail: why }])
      },
    )
  },
)
