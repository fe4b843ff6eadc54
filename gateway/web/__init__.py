"""What all browser pages share: their look and headers, the browser that reads them, and its forms.

Leaves what a page is for to the faces above, and whose rows it shows to the rules below.
"""
