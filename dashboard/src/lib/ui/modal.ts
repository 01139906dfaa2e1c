/** A native dialog that is modal for as long as it is on the page: focus, Escape and the backdrop come with it. */
export function modal(dialog: HTMLDialogElement): () => void {
  dialog.showModal()
  return () => dialog.close()
}
