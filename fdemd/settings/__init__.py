"""The settings of every job as frozen typed objects: what each may be, and the sentence for what it may not.

Nothing here imports torch, so that a mistake on the command line is answered at once.
"""
