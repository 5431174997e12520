import type { TreeNode } from '@millrace/client'

/** An execution with all below it, a line each. */
export function renderTree(root: TreeNode): string {
  return [label(root), ...renderChildren(root, '')].join('\n')
}

function renderChildren(node: TreeNode, indent: string): string[] {
  return (node.children ?? []).flatMap((child, index, all) => {
    const last = index === all.length - 1
    return [
      `${indent}${last ? '└─ ' : '├─ '}${label(child)}`,
      ...renderChildren(child, indent + (last ? '   ' : '│  ')),
    ]
  })
}

function label(node: TreeNode): string {
  return [node.status, node.type, node.name, node.id]
    .filter((part) => part !== null && part !== undefined)
    .join('  ')
}
