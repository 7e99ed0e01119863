import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { hasNativeAddon } from './native-addon.ts'

const addon = createRequire(import.meta.url).resolve('ssh2/lib/protocol/crypto/build/Release/sshcrypto.node')

test.runIf(hasNativeAddon())('the native addon does not ask for an environment while it is collected', () => {
  // Node aborts the process when there is none at that moment, as it did once to a worker of these tests.
  expect(readFileSync(addon).includes('RemoveEnvironmentCleanupHook')).toBe(false)
})
