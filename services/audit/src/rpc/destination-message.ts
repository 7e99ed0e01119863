import {
  type Destination as DestinationMessage,
  DestinationFormat as WireFormat,
  type DestinationSettings as SettingsMessage,
} from '@sallyport/contracts/audit/v1/forwarding'
import { isUuid } from '@sallyport/database/uuid-v7'
import { SallyportError } from '@sallyport/errors/error'
import type { Destination, DestinationFormat, DestinationSettings } from '../domain/forwarding/destination.ts'
import { checkSettings } from '../forwarding/check-settings.ts'

const wireFormats: Readonly<Record<DestinationFormat, WireFormat>> = {
  cef: WireFormat.CEF,
  ocsf: WireFormat.OCSF,
  'ocsf-lines': WireFormat.OCSF_LINES,
}

const formatOf = (wire: WireFormat): DestinationFormat => {
  const formats: readonly DestinationFormat[] = ['cef', 'ocsf', 'ocsf-lines']
  const found = formats.find(format => wireFormats[format] === wire)
  if (!found) throw new SallyportError('request.invalid', 'format is missing or unknown')
  return found
}

/** An id that is none names nothing. @throws SallyportError `audit_destination.not_found` */
export const destinationId = (id: string): string => {
  if (!isUuid(id)) throw new SallyportError('audit_destination.not_found')
  return id
}

/** @throws SallyportError `request.invalid` */
export const settingsOf = (message: SettingsMessage | undefined): DestinationSettings => {
  if (!message) throw new SallyportError('request.invalid', 'settings are missing')
  return checkSettings({ ...message, format: formatOf(message.format) })
}

export const destinationMessage = (found: Destination, head: number): DestinationMessage => {
  const { name, host, port, format, authority, disabled, deliveredAt, failingSince } = found
  return {
    id: found.id,
    settings: { name, host, port, format: wireFormats[format], authority, disabled },
    position: BigInt(found.position),
    head: BigInt(head),
    deliveredAt,
    failingSince,
    failure: found.failure,
    version: found.version,
    createdAt: found.createdAt,
  }
}
