# SPDX-License-Identifier: MIT
# In comments, each constant becomes a link, so that one that there is not is an error.
/^ *\/\*\*/ s/KEYWARD_[A-Z]/#&/g
/^ *\*/ s/KEYWARD_[A-Z]/#&/g
:behind_code
s/\(\/\*\*<.*[^#]\)\(KEYWARD_[A-Z]\)/\1#\2/
t behind_code
