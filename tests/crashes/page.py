def reliability(*a):
    return ""
