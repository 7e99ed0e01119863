import { ConfigError } from '@sallyport/config/reader'
import { readAccessControlConfig } from './config.ts'
import { startAccessControl } from './service.ts'

// An operator's job: creates the operator's tenant and says once how its administrator signs in.
try {
  // It may run beside the service, in the same container: whose ports are taken.
  const beside = { host: '127.0.0.1', port: 0, health: undefined }
  const config = { ...readAccessControlConfig(process.env), ...beside }
  await using service = await startAccessControl(config)
  const first = await service.bootstrap()
  if (first === undefined) process.stdout.write('The operator’s tenant exists already\n')
  else {
    using password = first.password
    process.stdout.write(
      `Sign in to tenant ${first.tenant} as ${first.userName}; the password for the first time is:\n`,
    )
    process.stdout.write(Buffer.concat([password.bytes(), Buffer.from('\n')]))
  }
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 78
}
