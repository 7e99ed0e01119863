import { randomBytes } from 'node:crypto'
import type { Api } from '@sallyport/api-client/api'
import type { Guarded } from './stage.ts'

type Id = { id: string }

type Described = {
  readonly port: number
  readonly username: string
  readonly password: string
  /** Pinned without a look at the device. */
  readonly publicKeys: readonly string[]
}

/** Registers a device as somebody describes it, true or not. */
export const describeDevice = async (
  api: Api,
  { port, username, password, publicKeys }: Described,
  tag: string,
): Promise<Guarded> => {
  const deviceName = `host-${randomBytes(3).toString('hex')}`
  const device = await api.post<Id & { version: number }>('/devices', {
    name: deviceName,
    address: '127.0.0.1',
    type: 'linux-server',
    tags: [tag],
    connectivities: [{ protocol: 'ssh', port }],
  })
  if (publicKeys.length > 0) {
    await api.put(`/devices/${device.id}/host-keys`, { port, publicKeys }, { ifMatch: device.version })
  }
  const credential = await api.post<Id>('/credentials', {
    username,
    type: 'local-user',
    secretKind: 'password',
    deviceIds: [device.id],
    tags: [tag],
    initialSecret: { secret: password },
  })
  return { deviceId: device.id, deviceName, credentialId: credential.id }
}
