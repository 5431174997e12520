import { BinaryReader } from '@bufbuild/protobuf/wire'
import type { Server } from '@grpc/grpc-js'
import { loadSync, type PackageDefinition } from '@grpc/proto-loader'
import { ReflectionService } from '@grpc/reflection'
import { HealthImplementation, protoPath } from 'grpc-health-check'

/** Adds grpc.health.v1.Health and, with descriptors, server reflection v1 and v1alpha. */
export function addTo(
  server: Server,
  names: readonly string[],
  descriptors: Uint8Array | undefined,
): { readonly setServing: (isServing: boolean) => void } {
  const health = new HealthImplementation()
  const setServing = (isServing: boolean): void => {
    for (const name of ['', ...names]) {
      health.setStatus(name, isServing ? 'SERVING' : 'NOT_SERVING')
    }
  }
  setServing(true)
  health.addToServer(server)

  if (descriptors !== undefined) {
    const files = { files: { fileDescriptorProtos: filesOf(descriptors) } }
    const standard = loadSync(protoPath)
    // Of a package definition the library reads these bytes alone. They are given as they are: its
    // own loader would merge all files of one package into one of them.
    const all = { ...standard, ...files } as unknown as PackageDefinition
    new ReflectionService(all, {
      services: [...names, 'grpc.health.v1.Health'],
    }).addToServer(server)
  }
  return { setServing }
}

/** The files of a FileDescriptorSet (its field 1), each as its bytes. */
function filesOf(descriptors: Uint8Array): Buffer[] {
  const reader = new BinaryReader(descriptors)
  const files: Buffer[] = []
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag()
    if (field === 1) files.push(Buffer.from(reader.bytes()))
    else reader.skip(wireType, field)
  }
  return files
}
