"""`python -m keras_labels.cli`."""

from keras_labels.cli import main

if __name__ == "__main__":
    main()
