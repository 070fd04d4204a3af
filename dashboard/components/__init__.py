"""HTML components of the pages: grids, cards, crumbs and figures; each is a function that draws and returns
the click.
"""
